"""What a command does, without the terminal. Wings, lowest first:

    settings   what a user says once for all commands
    snapshot   what can be asked of a snapshot that is there
    triage     findings from one scan to the next: what is new, what is accepted
    scanning   from deployments and a chain to a verified result
    stress     scenarios over the scans of a snapshot
    many       many blocks and many books
    schedule   again and again: watch, jobs, alerts

A command imports the one module it needs, so a wing gathers nothing: `analyzer query` would else
load every detector first, and a run has the name of its module (`scanning.scan.scan`).
"""
