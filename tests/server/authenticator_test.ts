import { assertEquals, assertRejects } from "@std/assert";
import type { Authenticate } from "../../src/core/authority/authenticate.ts";
import { ChatError } from "../../src/protocol/errors.ts";
import { Authenticator } from "../../src/server/authenticator.ts";
import { pure } from "../support/pure.ts";
import { type LogLine, recordingLogger } from "../support/recording_logger.ts";

const REQUEST = { url: "http://localhost/", headers: { get: () => null } };

/** An authenticator around a function, and what it logs. */
class AuthenticatorBench {
  readonly log: LogLine[] = [];
  readonly authenticator: Authenticator;

  constructor(authenticate: Authenticate, anonymous = false, timeoutMs?: number) {
    const logger = recordingLogger(this.log);
    this.authenticator = new Authenticator(authenticate, anonymous, logger, timeoutMs);
  }

  async code(token?: string): Promise<string> {
    const prove = () => this.authenticator.prove(REQUEST, token, 0);
    return (await assertRejects(prove, ChatError)).code;
  }
}

pure("an app says who it is, at once or later", async () => {
  for (const answer of [{ sub: "ana" }, Promise.resolve({ sub: "ana" })]) {
    const { authenticator } = new AuthenticatorBench(() => answer);
    assertEquals((await authenticator.prove(REQUEST, "t", 0))?.sub, "ana");
  }
});

pure("null is nobody: with a token refused, without one where nobody may come so", async () => {
  for (const nobody of [null, undefined as unknown as null]) {
    const strict = new AuthenticatorBench(() => nobody);
    assertEquals([await strict.code("t"), await strict.code()], [
      "token_invalid",
      "token_required",
    ]);
    const open = new AuthenticatorBench(() => nobody, true);
    assertEquals(await open.code("t"), "token_invalid");
    assertEquals(await open.authenticator.prove(REQUEST, undefined, 0), undefined);
  }
});

pure("a token that is wrong counts for its address, and no other failure does", async () => {
  let failed = 0;
  const quota = { checkTokens: () => {}, failToken: () => failed++ };
  const { authenticator } = new AuthenticatorBench((_, token) => {
    if (token === "ended") throw new ChatError("token_expired", "It has ended");
    if (token === "broken") throw new Error("broken");
    return token === "good" ? { sub: "ana" } : null;
  });
  const codes: string[] = [];
  for (const token of ["good", "ended", "broken", undefined, "wrong"]) {
    const proved = authenticator.prove(REQUEST, token, 0, quota);
    codes.push(await proved.then(() => "in", (error) => error.code));
  }
  assertEquals(codes, ["in", "token_expired", "unavailable", "token_required", "token_invalid"]);
  assertEquals(failed, 1);
});

pure("an app may know somebody without a token, by the request", async () => {
  const { authenticator } = new AuthenticatorBench(({ url }) => ({ sub: url }));
  assertEquals((await authenticator.prove(REQUEST, undefined, 0))?.sub, REQUEST.url);
});

pure(
  "a fault of the app is a line of the log without the token, and no reason to let in",
  async () => {
    const faults: Authenticate[] = [
      (_, token) => {
        throw new Error(`cannot read ${token}`);
      },
      (_, token) => Promise.reject(new TypeError(`odd: ${token}, ${token}`)),
      () => new Promise(() => {}),
    ];
    for (const fault of faults) {
      const bench = new AuthenticatorBench(fault, true, 5);
      assertEquals(await bench.code("eyJhbGciOi.SECRET"), "unavailable");
      assertEquals(bench.log.map(({ level, event }) => [level, event]), [
        ["error", "authentication failed"],
      ]);
      assertEquals(JSON.stringify(bench.log).includes("SECRET"), false);
    }
  },
);

pure("an error with a code is what the client is told", async () => {
  const bench = new AuthenticatorBench(() => {
    throw new ChatError("token_expired", "That was yesterday");
  });
  assertEquals([await bench.code("t"), bench.log], ["token_expired", []]);
});

pure("an answer that cannot be lets nobody in", async () => {
  for (const odd of [7, "ana", [], {}, { sub: 7 }, { sub: "ana", rooms: { "*": "king" } }]) {
    const bench = new AuthenticatorBench(() => odd as unknown as { sub: string }, true);
    assertEquals([await bench.code("t"), bench.log.length], ["token_invalid", 1]);
  }
});
