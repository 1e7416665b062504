import { assertEquals } from "@std/assert";
import { ConnectError } from "../client.ts";
import { problemOf } from "../src/cli_problem.ts";
import { pure } from "./pure.ts";

const REFUSED = "Cannot connect to ws://localhost:9: NetworkError: failed: tcp connect error";

pure("problemOf() says that nobody answers, and how to start a server", () => {
  const error = new ConnectError(REFUSED);
  const line = "Cannot connect to ws://localhost:9: no server answers there";
  assertEquals(problemOf(error), line);
  assertEquals(problemOf(error, "deno task server"), `${line}\nTo start one: deno task server`);
});

pure("problemOf() passes on what it has no better words for", () => {
  const error = new ConnectError("Cannot connect to ws://a: status code: 404");
  assertEquals(problemOf(error, "deno task server"), error.message);
  assertEquals(problemOf(new Error(REFUSED), "deno task server"), REFUSED);
  assertEquals(problemOf("a\x1b[2J\nb"), "a\\u001b[2J\\u000ab");
});
