"""`analyzer certificate`: what was proved of a scan, and whether it can be proved again."""

from __future__ import annotations

from pathlib import Path

import click

from analyzer.cli.group import verb
from analyzer.cli.options import FORMATS
from analyzer.cli.outputs import Output, check_outputs, outputs_option
from analyzer.cli.proof_options import trusted_options
from analyzer.cli.show import show_outputs
from analyzer.cli.terminal import note, progress


@verb(
    "analyzer certificate scan.duckdb",
    "analyzer certificate scan.duckdb --sign key.pem --statement certificate.intoto.json",
    "analyzer certificate --check evidence.zip --trusted-hash 19000000=0x...",
    "analyzer certificate --check evidence.zip --statement certificate.intoto.json "
    "--public-key auditor.pem",
    short_help="Show what was proved of a scan, or prove it again offline.",
)
@click.argument("db", required=False, type=click.Path(path_type=Path), metavar="[DB]")
@click.option(
    "--check",
    "bundle",
    type=click.Path(path_type=Path),
    metavar="EVIDENCE",
    help="Prove the certificates of this evidence bundle again, from the bundle alone.",
)
@trusted_options
@click.option(
    "--sign",
    type=click.Path(path_type=Path),
    metavar="KEY",
    help="Sign with this Ed25519 private key (PEM); needs --statement.",
)
@click.option(
    "--statement",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="The signed statement (in-toto, DSSE): written with --sign, else checked.",
)
@click.option(
    "--public-key",
    "public_key",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="The Ed25519 public key (PEM) that has to have signed --statement.",
)
@outputs_option(*FORMATS)
def certificate(
    *,
    db: Path | None,
    bundle: Path | None,
    trusted_hash: tuple[str, ...],
    checkpoints: Path | None,
    sign: Path | None,
    statement: Path | None,
    public_key: Path | None,
    outputs: list[Output],
) -> int:
    """Show the certificate of a snapshot's scans, or prove that of a bundle again, offline.

    A certificate says what was asked, what was checked how and in how many blocks, what is missing,
    what contradicts, and what still has to be believed. --check scans the bundle again and makes
    every proof again from what it carries, down from the hashes that you trust; a claim that does
    not come out is named. Exit code 4 when one does not, or something contradicts; 3 when something
    is missing.
    """
    from analyzer.report.certificate import render_certificate
    from analyzer.runs.scanning.certificates import CertificateOptions
    from analyzer.runs.scanning.certificates import certificate as run
    from analyzer.runs.scanning.trusted import trusted_hashes

    options = CertificateOptions(
        db=db,
        bundle=bundle,
        trusted=trusted_hashes(trusted_hash, checkpoints),
        sign=sign,
        statement=statement,
        public_key=public_key,
    )
    named = {"DB": db, "--check": bundle, "--sign": sign, "--public-key": public_key}
    check_outputs(outputs, {**named, "--statement": statement})
    with progress() as report:
        document = run(options, report)
    show_outputs(document, outputs, render_certificate)
    if sign is not None:
        note(f"{statement} written")
    return int(document.run.exit_code)
