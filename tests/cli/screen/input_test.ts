import { assertEquals } from "@std/assert";
import { Input, type Piece } from "../../../src/cli/screen/input.ts";
import { pure } from "../../support/pure.ts";

/** An input that is written to. */
function inputOf() {
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
  return { input: new Input(readable), writer: writable.getWriter() };
}

pure("Input tells of silence, and loses no piece by that", async () => {
  const { input, writer } = inputOf();
  const seen: Piece[] = [await input.next(1), await input.next(1)];
  const piece = new Uint8Array([1]);
  const written = writer.write(piece);
  seen.push(await input.next(60_000));
  await written;
  seen.push(await input.next(1));
  assertEquals(seen, ["silence", "silence", piece, "silence"]);
  input.cancel();
});

pure("Input is woken, and goes on", async () => {
  const { input, writer } = inputOf();
  input.wake();
  const next = input.next();
  input.wake();
  assertEquals(await next, "woken");
  const [piece] = await Promise.all([input.next(), writer.write(new Uint8Array([2]))]);
  assertEquals(piece, new Uint8Array([2]));
  input.cancel();
});

pure("Input says when it ends, and when it was cancelled", async () => {
  const { input, writer } = inputOf();
  const [piece] = await Promise.all([input.next(), writer.close()]);
  assertEquals(piece, "end");
  const { input: other } = inputOf();
  const next = other.next();
  other.cancel();
  assertEquals(await next, "end");
});
