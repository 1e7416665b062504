import { assertEquals, assertStringIncludes } from "@std/assert";
import { describeSettings } from "../../src/daemon/check.ts";
import { parseServerFlags } from "../../src/daemon/flags/flags.ts";
import { pure } from "../support/pure.ts";

function described(...args: string[]): string[] {
  const settings = parseServerFlags(args, {});
  if (typeof settings === "string") throw new Error(settings);
  return describeSettings(settings);
}

pure("check says who can reach what", () => {
  assertEquals(described(), [
    "Chat: ws://127.0.0.1:8765, for this machine",
    "People: anybody, without a token",
    "Pages: of the server's own host",
    "Addresses without limits: 127.0.0.0/8, ::1",
    "Proxies that are believed: none",
    "Store: memory, which forgets all at a restart",
    "Operators: http://127.0.0.1:9765, for this machine: health, metrics, no API",
  ]);
});

pure("check marks what asks for a second look", () => {
  const lines = described(
    ...["--host=0.0.0.0", "--path=/chat", "--ops=0.0.0.0:80", "--allow-origin=*", "--rate=0"],
    ...["--api-token-file=data/token", "--store=nats://ana:SECRET@a:4222"],
  );
  assertEquals(lines.filter((line) => line.startsWith("!")), [
    "! Anybody who reaches the port for operators can read the metrics",
    "! Nothing is encrypted: give --cert and --key, or put a proxy in front",
    "! Pages of every host may connect",
    "! Nobody is limited in how fast it speaks (--rate 0)",
  ]);
  const text = lines.join("\n");
  assertStringIncludes(text, "ws://0.0.0.0:8765/chat, for whoever reaches this address");
  assertStringIncludes(text, "the API with the token in data/token");
  assertEquals(text.includes("SECRET"), false);
});
