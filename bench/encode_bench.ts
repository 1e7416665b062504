/**
 * Writing entries: once for each message, and once for each frame.
 *
 * @module
 */

import { encodeEntries, encodeEntry, encodePlainEntry } from "../src/protocol/encode.ts";

const MESSAGE = {
  at: 1_795_419_198_630,
  from: "fta0nybfza23",
  n: 12_345,
  name: undefined,
  body: "x".repeat(64),
};
const ENTRY = encodeEntry(77, MESSAGE);
const CYRILLIC = { ...MESSAGE, body: "привет ".repeat(10) };

Deno.bench("encode an entry of 64 bytes", { group: "entry" }, () => {
  encodeEntry(77, MESSAGE);
});

Deno.bench("encode an entry with a name", { group: "entry" }, () => {
  encodeEntry(77, { ...MESSAGE, name: "Ana" });
});

Deno.bench("encode an entry in Cyrillic", { group: "entry" }, () => {
  encodeEntry(77, CYRILLIC);
});

Deno.bench("turn an entry into what plain clients see", { group: "entry" }, () => {
  encodePlainEntry(ENTRY);
});

// Joined strings are only put together when somebody looks into them, which sending does.
const encoder = new TextEncoder();
const out = new Uint8Array(65_536);

for (const count of [1, 32]) {
  const entries = Array(count).fill(ENTRY).join(",");
  Deno.bench(`frame ${count} entries and write them as UTF-8`, { group: "frame" }, () => {
    encoder.encodeInto(encodeEntries("tvd4-q6hq-n9f7-bvha", entries), out);
  });
}
