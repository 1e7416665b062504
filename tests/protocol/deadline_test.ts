import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { deferred, sleep, throwIfAborted, withDeadline } from "../../src/protocol/deadline.ts";
import { ChatError } from "../../src/protocol/errors.ts";

const pure = { permissions: "none" } as const;

Deno.test("a wait resolves with what it was given, and leaves no timer behind", pure, async () => {
  const wait = deferred<number>("The answer", 60_000, new AbortController().signal);
  wait.resolve(42);
  assertEquals(await wait.promise, 42);
});

Deno.test("a wait rejects with what it was given, and leaves no timer behind", pure, async () => {
  const wait = deferred<number>("The answer", 60_000);
  wait.reject(new Error("No answer"));
  await assertRejects(() => wait.promise, Error, "No answer");
});

Deno.test("a wait that takes too long says so", pure, async () => {
  const wait = deferred("The answer", 5);
  const error = await assertRejects(() => wait.promise, ChatError);
  assertEquals([error.code, error.message], ["timeout", "The answer took longer than 5 ms"]);
});

Deno.test("what is left of a timeout is told in whole milliseconds", pure, async () => {
  for (const [ms, told] of [[4.6, "5 ms"], [-2.5, "0 ms"]] as const) {
    const error = await assertRejects(() => deferred("The answer", ms).promise, ChatError);
    assertEquals(error.message, `The answer took longer than ${told}`);
  }
});

Deno.test("a wait whose signal is aborted ends with its reason as the cause", pure, async () => {
  for (const reason of [new Error("No longer wanted"), "No longer wanted"]) {
    const controller = new AbortController();
    const wait = deferred("The answer", 60_000, controller.signal);
    controller.abort(reason);
    const error = await assertRejects(() => wait.promise, ChatError, "No longer wanted");
    assertEquals([error.code, error.cause], ["aborted", reason]);
  }
});

Deno.test("a reason that is an error of another wait is the cause too", pure, async () => {
  const reason = new ChatError("room_gone", "Room no longer exists");
  const wait = deferred("The answer", 60_000, AbortSignal.abort(reason));
  const error = await assertRejects(() => wait.promise, ChatError, "Room no longer exists");
  assertEquals([error.code, error.cause], ["aborted", reason]);
});

Deno.test("throwIfAborted() throws what a wait with the signal would", pure, () => {
  throwIfAborted();
  throwIfAborted(new AbortController().signal);
  const reason = new Error("Too late");
  const { code, cause } = assertThrows(
    () => throwIfAborted(AbortSignal.abort(reason)),
    ChatError,
    "Too late",
  );
  assertEquals([code, cause], ["aborted", reason]);
});

Deno.test("a wait ends at once with a signal that was aborted before", pure, async () => {
  const wait = deferred("The answer", 60_000, AbortSignal.abort(new Error("Too late")));
  await assertRejects(() => wait.promise, Error, "Too late");
});

Deno.test("what comes after the end of a wait changes nothing", pure, async () => {
  const controller = new AbortController();
  const wait = deferred<number>("The answer", 60_000, controller.signal);
  wait.resolve(1);
  wait.resolve(2);
  wait.reject(new Error("Late"));
  controller.abort();
  assertEquals(await wait.promise, 1);
});

Deno.test("a timeout longer than timers can be is not over at once", pure, async () => {
  for (const timeoutMs of [Infinity, 2 ** 31, 1e12]) {
    const wait = deferred<string>("The answer", timeoutMs);
    const timer = setTimeout(() => wait.resolve("in time"), 30);
    assertEquals(await wait.promise.catch(String), "in time", String(timeoutMs));
    clearTimeout(timer);
  }
});

Deno.test(
  "sleep() ends when the time is over, or with its signal, and leaves no timer behind",
  pure,
  async () => {
    await sleep(1);
    const controller = new AbortController();
    const asleep = sleep(60_000, controller.signal);
    controller.abort();
    await asleep;
    await sleep(60_000, AbortSignal.abort());
  },
);

Deno.test("withDeadline() ends with its promise, whatever comes of that, or when the time is over", async () => {
  await withDeadline(1_000, Promise.resolve());
  await assertRejects(
    () => withDeadline(1_000, Promise.reject(new Error("broken"))),
    Error,
    "broken",
  );
  await withDeadline(1, new Promise(() => {}));
});
