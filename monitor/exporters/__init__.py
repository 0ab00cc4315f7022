"""Exporters: each file writes rows in one format, streaming, whole or not at all. They know no store and no brands."""
