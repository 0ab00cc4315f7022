"""Charts: each file turns one kind of data into one kind of picture. Loaded when the first one is drawn.

They know values of the domain and how they look; neither the store nor a receiver.
"""
