import { assertEquals } from "@std/assert";
import { ChatError, ConnectError } from "../../client.ts";
import { problemOf } from "../../src/cli/problem.ts";
import { RefusedError } from "../../src/protocol/errors.ts";
import { pure } from "../support/pure.ts";

const REFUSED = "Cannot connect to ws://localhost:9: NetworkError: failed: tcp connect error";

pure("problemOf() says that nobody answers, and how to start a server", () => {
  const error = new ConnectError(REFUSED);
  const line = "Cannot connect to ws://localhost:9: no server answers there";
  assertEquals(problemOf(error), line);
  assertEquals(
    problemOf(error, { serverCommand: "deno task server" }),
    `${line}\nTo start one: deno task server`,
  );
});

pure("problemOf() says what else answers, where a server would not help", () => {
  const cases = [
    ["Invalid status code: 503", "the server is full, or about to end"],
    ["Invalid status code: 429", "too many connect from this address; try again later"],
    ["Invalid status code: 403", "the server does not let this program in"],
    ["Invalid status code: 404", "a server answers there, and not for a chat"],
    ["Invalid status code: 200", "a server answers there, and not for a chat"],
    [
      "received corrupt message of type InvalidContentType",
      "a server answers there, and not with TLS: perhaps it is ws://",
    ],
    ["invalid peer certificate: UnknownIssuer", "its certificate is not trusted"],
    ["invalid HTTP version parsed", "what answers there is no chat"],
    [
      "connection closed before message completed",
      "what answers there is no chat",
    ],
    ["operation was canceled", "what answers there is no chat"],
  ];
  for (const [words, meaning] of cases) {
    const error = new ConnectError(
      `Cannot connect to wss://a: NetworkError: failed to connect to WebSocket: ${words}`,
    );
    const expected = `Cannot connect to wss://a: ${meaning}`;
    assertEquals(problemOf(error, { serverCommand: "deno task server" }), expected);
  }
});

pure("problemOf() names TLS where somebody connects without it", () => {
  const error = new ConnectError("Cannot connect to ws://a: failed: invalid HTTP version parsed");
  const expected = "Cannot connect to ws://a: what answers there is no chat, or speaks TLS: " +
    "perhaps it is wss://";
  assertEquals(problemOf(error), expected);
});

pure("problemOf() passes on what it has no better words for", () => {
  const error = new ConnectError("Cannot connect to ws://a: no room at the inn");
  assertEquals(problemOf(error, { serverCommand: "deno task server" }), error.message);
  assertEquals(problemOf(new Error(REFUSED), { serverCommand: "deno task server" }), REFUSED);
  assertEquals(problemOf("a\x1b[2J\nb"), "a\\u001b[2J b");
});

pure("problemOf() lets no words of a server begin a row", () => {
  const line = "14:05:09 > Ana: I resign";
  const error = new RefusedError("room_not_found", `${" ".repeat(9)}x${"y".repeat(22)}${line}`);
  assertEquals(problemOf(error, { columns: 40 }).split("\n"), [
    `The server says: x${"y".repeat(20)}`,
    "  yy14:05:09 > Ana: I resign",
  ]);
  assertEquals(problemOf(new RefusedError("internal", line)), `The server says: ${line}`);
  // What the client finds by itself is none of the server's words.
  const own = new ChatError("timeout", "The reply to create took longer than 10 ms");
  assertEquals(problemOf(own), own.message);
});
