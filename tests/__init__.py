"""The tests mirror `blog/`: a folder per feature, plus tests in real browsers and with real
processes."""
