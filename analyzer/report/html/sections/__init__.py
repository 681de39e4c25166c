"""The sections of a report, each a function of the material; none computes a margin."""
