"""Trim: a sample's own bias codes, found from what can be measured of it."""
