"""What tells spikes: one file per kind, each a pure function of a series and of what it knew before."""
