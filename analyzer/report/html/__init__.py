"""The report: one content, drawn as one self-contained page or as Markdown. Computes nothing."""
