"""What runs found, told as documents: results in, dataclasses of `analyzer.documents` out."""
