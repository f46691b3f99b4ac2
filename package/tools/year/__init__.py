"""A small company's year with this repository, lived month by month in a scratch clone.

Everything is done as people do it: with git, with the commands, by editing files. Each step says
what it must read, and the year stops where it does not.
"""
