/**
 * Reading what a client says.
 *
 * @module
 */

import { decode } from "../src/protocol/decode.ts";

const BODY = "x".repeat(64);
const FRAMES = {
  "message": { action: "message", room_id: "tvd4-q6hq-n9f7-bvha", n: 12_345, body: BODY },
  "messages, 32 of them": {
    ...{ action: "messages", room_id: "tvd4-q6hq-n9f7-bvha", n: 12_345 },
    body: Array(32).fill(BODY),
  },
  "message of 16 KiB": {
    ...{ action: "message", room_id: "tvd4-q6hq-n9f7-bvha", n: 12_345 },
    body: "x".repeat(16_384),
  },
  "join": { action: "join", ref: 1, body: { room_id: "tvd4-q6hq-n9f7-bvha", last: 50 } },
  "ping": { action: "ping" },
};

for (const [name, frame] of Object.entries(FRAMES)) {
  const text = JSON.stringify(frame);
  Deno.bench(`decode ${name}`, { group: "decode" }, () => {
    decode(text, "v1");
  });
}

const BROKEN = '{"action":"message","body":';

Deno.bench("decode what is not JSON", { group: "decode" }, () => {
  try {
    decode(BROKEN, "v1");
  } catch {
    // A refusal is what is measured.
  }
});
