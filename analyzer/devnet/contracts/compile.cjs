// Compiles our own contracts and writes Token.json and Aggregator.json beside the given folder.
// Usage: node compile.cjs <folder with solc's node_modules> <output folder>
"use strict";
const fs = require("fs");
const path = require("path");
const [packages, output] = process.argv.slice(2);
const solc = require(path.resolve(packages, "node_modules", "solc"));
const settings = {
  optimizer: { enabled: true, runs: 200 },
  evmVersion: "paris",
  metadata: { appendCBOR: false, bytecodeHash: "none" },
};
const names = ["Aggregator", "Token"];
const sources = {};
for (const name of names) {
  sources[`${name}.sol`] = { content: fs.readFileSync(path.join(__dirname, `${name}.sol`), "utf8") };
}
const selection = { "*": { "*": ["abi", "evm.bytecode.object", "evm.deployedBytecode.object"] } };
const answer = JSON.parse(
  solc.compile(
    JSON.stringify({ language: "Solidity", sources, settings: { ...settings, outputSelection: selection } }),
  ),
);
for (const problem of answer.errors || []) console.error(problem.formattedMessage);
for (const name of names) {
  const contract = answer.contracts[`${name}.sol`][name];
  const artifact = {
    contractName: name,
    source: `${name}.sol`,
    compiler: solc.version(),
    settings,
    abi: contract.abi,
    bytecode: `0x${contract.evm.bytecode.object}`,
    deployedBytecode: `0x${contract.evm.deployedBytecode.object}`,
  };
  fs.writeFileSync(path.join(output, `${name}.json`), JSON.stringify(artifact, null, 1) + "\n");
}
