/**
 * Shows what a client and its server say to each other, one line a frame, on stderr. It is loaded
 * before the program: `deno run --preload tools/show_frames.ts -N cli.ts 2> frames.txt`. The secret
 * of the session is shown too.
 *
 * @module
 */

import { escapeText } from "../src/protocol/escape.ts";

globalThis.WebSocket = class extends globalThis.WebSocket {
  constructor(...args: ConstructorParameters<typeof WebSocket>) {
    super(...args);
    this.addEventListener("message", ({ data }) => show("<", data));
    this.addEventListener("close", ({ code, reason }) => show("<", `(closed: ${code} ${reason})`));
  }

  override send(data: string): void {
    show(">", data);
    super.send(data);
  }
};

function show(direction: string, text: string): void {
  const time = new Date().toISOString().slice(11, 23);
  // deno-lint-ignore no-console -- this is what it is for
  console.error(`${time} ${direction} ${escapeText(text)}`);
}
