// The protocol's own client against `whyoom mcp`: node mcp_client.mjs PROGRAM LOG
// Prints what it got as JSON.
import { readFileSync } from "node:fs";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";

const [program, log] = process.argv.slice(2);
const client = new Client({ name: "test", version: "1" });
await client.connect(new StdioClientTransport({ command: program, args: ["mcp"] }));
const call = (name, args) => client.callTool({ name, arguments: args });
console.log(JSON.stringify({
  server: client.getServerVersion(),
  instructions: client.getInstructions(),
  tools: (await client.listTools()).tools,
  explained: await call("explain", { log: readFileSync(log, "utf8"), last: 1 }),
  by_path: await call("explain", { path: log, last: 1 }),
  what_if: await call("whatif", { settings: ["vm.min_free_kbytes=default"], path: log }),
  causes: await call("causes", {}),
  checked: await call("check", {}),
  refused: await call("explain", { log: "x", path: "y" }),
}));
await client.close();
