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
