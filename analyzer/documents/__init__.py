"""What every command says, as frozen dataclasses: one envelope, one encoder, schemas made of both.

A document states; it neither draws nor computes. `runs` builds it, `report` draws it, and
`encode.to_json` writes it down as its JSON Schema in `schemas/` says.
"""
