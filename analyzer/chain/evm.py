"""Two tiny EVM programs that a state override installs for one eth_call, and their assembler.

The listings below are the source; the bytecode is assembled from them when it is first needed.
Neither program stores anything, and a state override lives only inside the one eth_call.
"""

from __future__ import annotations

from functools import cache

_OPCODES = {
    "ADD": 0x01,
    "LT": 0x10,
    "ISZERO": 0x15,
    "OR": 0x17,
    "SHL": 0x1B,
    "SHR": 0x1C,
    "CALLDATALOAD": 0x35,
    "CALLDATASIZE": 0x36,
    "CALLDATACOPY": 0x37,
    "RETURNDATASIZE": 0x3D,
    "RETURNDATACOPY": 0x3E,
    "POP": 0x50,
    "MSTORE": 0x52,
    "SLOAD": 0x54,
    "JUMP": 0x56,
    "JUMPI": 0x57,
    "GAS": 0x5A,
    "JUMPDEST": 0x5B,
    "RETURN": 0xF3,
    "STATICCALL": 0xFA,
    **{f"DUP{n}": 0x7F + n for n in range(1, 17)},
    **{f"SWAP{n}": 0x8F + n for n in range(1, 17)},
}
_PUSH1 = 0x60

BULK_CALLER = """
    ; calldata: entries of 20 bytes address | 4 bytes length n | n bytes of calldata
    ; returns:  entries of 1 byte success | 31 bytes length m | m bytes of return data
    ; It stops early, with fewer entries, when less than a quarter of its gas is left: so each
    ; call had at least that much, and what is missing is asked for again.
    ;                                       stack, top on the right
    GAS 2 SHR                             ; floor
    0 0                                   ; floor in out
loop:
    CALLDATASIZE DUP3 LT ISZERO @end JUMPI
    GAS DUP4 LT ISZERO @end JUMPI         ; floor in out
    DUP2 CALLDATALOAD                     ; floor in out word
    DUP1 160 SHL 224 SHR                  ; floor in out word n
    DUP1 DUP5 24 ADD DUP5 32 ADD          ; ... n in+24 out+32
    CALLDATACOPY                          ; floor in out word n
    0 0 DUP3 DUP6 32 ADD                  ; ... 0 0 n out+32
    DUP6 96 SHR GAS STATICCALL            ; floor in out word n success
    248 SHL RETURNDATASIZE OR DUP4 MSTORE ; floor in out word n
    RETURNDATASIZE 0 DUP5 32 ADD          ; ... m 0 out+32
    RETURNDATACOPY                        ; floor in out word n
    SWAP1 POP DUP3 ADD 24 ADD             ; floor in out in'
    SWAP2 POP                             ; floor in' out
    RETURNDATASIZE ADD 32 ADD             ; floor in' out'
    @loop JUMP
end:
    0 RETURN
"""

SLOT_READER = """
    ; calldata: storage keys of 32 bytes; returns the values, 32 bytes each
    0                                     ; i
loop:
    CALLDATASIZE DUP2 LT ISZERO @end JUMPI
    DUP1 CALLDATALOAD SLOAD DUP2 MSTORE   ; i
    32 ADD
    @loop JUMP
end:
    0 RETURN
"""


@cache
def assemble(listing: str) -> bytes:
    """The bytecode of a listing: opcodes, decimal numbers 0..255 (pushed), `label:`, `@label`
    (pushed), comments after `;`. Programs stay below 256 bytes, so a push takes one byte."""
    code = bytearray()
    labels: dict[str, int] = {}
    uses: list[tuple[int, str]] = []
    for token in (t for line in listing.splitlines() for t in line.partition(";")[0].split()):
        if token.endswith(":"):
            labels[token[:-1]] = len(code)
            code.append(_OPCODES["JUMPDEST"])
        elif token.startswith("@"):
            uses.append((len(code) + 1, token[1:]))
            code += bytes((_PUSH1, 0))
        elif token.isdecimal():
            code += bytes((_PUSH1, int(token)))
        else:
            code.append(_OPCODES[token])
    for position, label in uses:
        code[position] = labels[label]
    return bytes(code)
