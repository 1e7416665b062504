import { assert, assertEquals } from "@std/assert";
import * as CLOSE from "../../src/protocol/close_codes.ts";
import {
  ChatError,
  type ChatErrorCode,
  ConnectError,
  isErrorCode,
  mayReconnect,
  reasonOf,
  RefusedError,
  roomGone,
  SendError,
  stacklessError,
} from "../../src/protocol/errors.ts";
import { pure } from "../support/pure.ts";

pure("mayReconnect() is true below 4500 and for codes of the WebSocket protocol", () => {
  for (const code of [0, 1000, 1001, 1006, 1009, 4000, 4499]) assert(mayReconnect(code), `${code}`);
  for (const code of [4500, 4501, 4999]) assert(!mayReconnect(code), `${code}`);
});

pure("each close code is its own, and one that an endpoint may send or see", () => {
  const codes = Object.values(CLOSE);
  assertEquals(new Set<number>(codes).size, codes.length);
  for (const code of codes) {
    assert([1000, 1001, 1006].includes(code) || code >= 4_000 && code < 5_000, `${code}`);
  }
});

pure("a ChatError has a name, a code, its cause, and a wait only where it was given one", () => {
  const cause = new Error("cause");
  const error = new ChatError("rate_limited", "Too fast", { retryAfterMs: 5, cause });
  assert(error instanceof Error);
  assertEquals([error.name, error.code, error.message, error.retryAfterMs, error.cause], [
    "ChatError",
    "rate_limited",
    "Too fast",
    5,
    cause,
  ]);
  assertEquals(new ChatError("internal", "Internal error").retryAfterMs, undefined);
});

pure("stacklessError() makes a ChatError that has all but a stack", () => {
  const fields = ({ name, code, message, retryAfterMs }: ChatError) => {
    return [name, code, message, retryAfterMs];
  };
  for (const options of [{ retryAfterMs: 5 }, {}]) {
    const error = stacklessError("rate_limited", "Too fast", options);
    assertEquals(fields(error), fields(new ChatError("rate_limited", "Too fast", options)));
    assertEquals([error instanceof ChatError, error.stack], [true, undefined]);
    assertEquals(`${error}`, "ChatError: Too fast");
  }
});

pure("programs may read codes of later versions, and nobody can make them up", () => {
  const later: ChatErrorCode = "of_a_later_version";
  // @ts-expect-error: those that are thrown are a closed set.
  const error = new ChatError("of_a_later_version", "Later");
  assertEquals(error.code, later);
  assertEquals(["room_gone", "timeout", "toString"].map(isErrorCode), [true, false, false]);
});

pure("roomGone() is for good: it names no time after which trying again helps", () => {
  const { code, message, retryAfterMs } = roomGone();
  assertEquals([code, message, retryAfterMs], ["room_gone", "Room no longer exists", undefined]);
});

pure("a SendError says whether the message may be in the log all the same", () => {
  const error = new SendError("disconnected", "Connection lost", true);
  assertEquals([error.name, error.code, error.message, error.mayBeStored], [
    "SendError",
    "disconnected",
    "Connection lost",
    true,
  ]);
  const unsent = new SendError("too_large", "Too large");
  assertEquals([unsent.mayBeStored, unsent.outcome], [false, undefined]);
});

pure("every error that a client throws is a ChatError", () => {
  const errors = [
    new SendError("timeout", "Late"),
    new ConnectError("Cannot connect to ws://a"),
    new RefusedError("room_full", "Full"),
  ];
  for (const error of errors) assert(error instanceof ChatError);
  assertEquals(errors.map(({ name, code }) => `${name} ${code}`), [
    "SendError timeout",
    "ConnectError unreachable",
    "ChatError room_full",
  ]);
});

pure("reasonOf() puts anything into words, and shows nobody how to log in", () => {
  assertEquals([reasonOf(new Error("it broke")), reasonOf("it broke"), reasonOf(undefined)], [
    "it broke",
    "it broke",
    "undefined",
  ]);
  for (const login of ["ana:secret", "secret", "ana:sec@ret", "ana:sec ret", "ana:sec/ret"]) {
    const reason = reasonOf(new RangeError(`no such host: "nats://${login}@host:4222/parley"`));
    assertEquals(reason, `no such host: "nats://…@host:4222/parley"`);
  }
});
