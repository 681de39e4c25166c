// Compiles contracts of npm packages with the compiler from npm.
// Usage: node compile.cjs <node_modules> <output file> <entry source>...
// Output: {"compiler", "milliseconds", "contracts": {name: {abi, bytecode, linkReferences}}}.
"use strict";
const fs = require("fs");
const path = require("path");
const [packages, output, ...entries] = process.argv.slice(2);
const solc = require(path.resolve(packages, "solc"));
const started = Date.now();
const read = (name) => fs.readFileSync(path.join(packages, name), "utf8");
const find = (name) => {
  try {
    return { contents: read(name) };
  } catch (error) {
    return { error: `no source ${name}: ${error.code}` };
  }
};
const input = {
  language: "Solidity",
  sources: Object.fromEntries(entries.map((name) => [name, { content: read(name) }])),
  settings: {
    remappings: [
      "openzeppelin-contracts/contracts/=@openzeppelin/contracts/",
      "openzeppelin-contracts-upgradeable/contracts/=@openzeppelin/contracts-upgradeable/",
      "solidity-utils/contracts/=@bgd-labs/solidity-utils/src/contracts/",
    ],
    optimizer: { enabled: true, runs: 200 },
    evmVersion: "cancun",
    metadata: { appendCBOR: false, bytecodeHash: "none" },
    outputSelection: {
      "*": { "*": ["abi", "evm.bytecode.object", "evm.bytecode.linkReferences"] },
    },
  },
};
const answer = JSON.parse(solc.compile(JSON.stringify(input), { import: find }));
const errors = (answer.errors || []).filter((problem) => problem.severity === "error");
for (const problem of errors) console.error(problem.formattedMessage);
if (errors.length) process.exit(1);
const contracts = {};
for (const file of Object.values(answer.contracts)) {
  for (const [name, contract] of Object.entries(file)) {
    const { object, linkReferences } = contract.evm.bytecode;
    if (object) contracts[name] = { abi: contract.abi, bytecode: `0x${object}`, linkReferences };
  }
}
const compiled = { compiler: solc.version(), milliseconds: Date.now() - started, contracts };
fs.writeFileSync(output, JSON.stringify(compiled));
