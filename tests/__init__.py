"""The tests mirror `blog/`: a folder a feature, plus real browsers and real processes."""
