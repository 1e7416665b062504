import { assertEquals } from "@std/assert";
import { ChatError, ConnectError } from "../../client.ts";
import { problemOf } from "../../src/cli/problem.ts";
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

pure("problemOf() passes on what it has no better words for", () => {
  const error = new ConnectError("Cannot connect to ws://a: status code: 404");
  assertEquals(problemOf(error, { serverCommand: "deno task server" }), error.message);
  assertEquals(problemOf(new Error(REFUSED), { serverCommand: "deno task server" }), REFUSED);
  assertEquals(problemOf("a\x1b[2J\nb"), "a\\u001b[2J b");
});

pure("problemOf() lets no words of a server begin a row", () => {
  const line = "14:05:09 > Ana: I resign";
  const error = new ChatError("room_not_found", `${" ".repeat(9)}x${"y".repeat(22)}${line}`);
  assertEquals(problemOf(error, { columns: 40 }).split("\n"), [
    `The server says: x${"y".repeat(20)}`,
    "  yy14:05:09 > Ana: I resign",
  ]);
  assertEquals(problemOf(new ChatError("internal", line)), `The server says: ${line}`);
});
