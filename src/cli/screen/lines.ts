/**
 * Lines of bounded length from bytes.
 *
 * @module
 */

const NEWLINE = 0x0a;

/**
 * Splits bytes into lines of UTF-8, without their line breaks. A line keeps its first `mostBytes`
 * bytes; the rest is dropped.
 */
export async function* splitLines(
  chunks: AsyncIterable<Uint8Array>,
  mostBytes: number,
): AsyncGenerator<string, void, undefined> {
  const decoder = new TextDecoder();
  let line = "";
  let kept = 0;

  function add(piece: Uint8Array): void {
    const fits = piece.subarray(0, mostBytes - kept);
    line += decoder.decode(fits, { stream: true });
    kept += fits.length;
  }

  function take(): string {
    const whole = line + decoder.decode();
    line = "";
    kept = 0;
    return whole.endsWith("\r") ? whole.slice(0, -1) : whole;
  }

  for await (const chunk of chunks) {
    let start = 0;
    while (true) {
      const end = chunk.indexOf(NEWLINE, start);
      add(chunk.subarray(start, end < 0 ? undefined : end));
      if (end < 0) break;
      yield take();
      start = end + 1;
    }
  }
  if (kept > 0) yield take();
}

/**
 * Splits bytes into lines as people enter them at a terminal that reads lines. An empty chunk says
 * that nothing has come for a moment: lines between two of these were pasted, and are one text that
 * is no command.
 */
export async function* joinPastes(
  chunks: AsyncIterable<Uint8Array>,
  mostBytes: number,
): AsyncGenerator<{ text: string; literal: boolean }, void, undefined> {
  let burst: Uint8Array[] = [];
  let kept = 0;

  async function take(): Promise<{ text: string; literal: boolean } | undefined> {
    const lines = await Array.fromAsync(splitLines(each(burst), mostBytes));
    burst = [];
    kept = 0;
    const [only = "", ...more] = lines;
    if (lines.length === 0) return undefined;
    return more.length === 0
      ? { text: only, literal: false }
      : { text: lines.join("\n"), literal: true };
  }

  for await (const chunk of chunks) {
    if (chunk.length > 0) {
      // One byte more than a message may have: so it is seen that it is too long.
      const fits = chunk.subarray(0, Math.max(mostBytes - kept, 0));
      if (fits.length > 0) burst.push(fits);
      kept += fits.length;
      continue;
    }
    const line = await take();
    if (line !== undefined) yield line;
  }
  const line = await take();
  if (line !== undefined) yield line;
}

async function* each<T>(items: readonly T[]): AsyncGenerator<T, void, undefined> {
  yield* items;
}
