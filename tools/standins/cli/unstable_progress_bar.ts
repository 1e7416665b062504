/**
 * Stand-in for `@std/cli/unstable-progress-bar`.
 *
 * @module
 */

/** Values from which a formatter makes one line. Times are in ms. */
export interface ProgressBarFormatter {
  /** Time since the start, as `mm:ss`. */
  styledTime: string;
  /** Value and maximum, as `0.50/2.00 KiB`. */
  styledData: string;
  /** The bar itself. */
  progressBar: string;
  /** Time since the start. */
  time: number;
  /** `time` of the previous line. */
  previousTime: number;
  /** The progress so far. */
  value: number;
  /** `value` of the previous line. */
  previousValue: number;
  /** Where it ends. */
  max: number;
}

/** Options of {@linkcode ProgressBar}. */
export interface ProgressBarOptions {
  /** Where it is drawn. Standard error if left out. */
  writable?: WritableStream<Uint8Array>;
  /** Where it starts. 0 if left out. */
  value?: number;
  /** Where it ends. */
  max: number;
  /** Width of the bar in characters. 50 if left out. */
  barLength?: number;
  /** Character of the part that is done. `"#"` if left out. */
  fillChar?: string;
  /** Character of the rest. `"-"` if left out. */
  emptyChar?: string;
  /** Clears the line at the end. */
  clear?: boolean;
  /** Makes the line. */
  formatter?: (formatter: ProgressBarFormatter) => string;
  /** Keeps `writable` open at the end. True if left out. */
  keepOpen?: boolean;
  /** Time between two lines in ms. 1000 if left out. */
  interval?: number;
}

const CLEAR_LINE = "\r\u001b[K";
const UNITS = ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB", "ZiB", "YiB"];

/** `value` and `max` in the largest unit that `max` fills. */
function formatData(value: number, max: number): string {
  let unit = 0;
  while (unit + 1 < UNITS.length && 1024 ** (unit + 2) <= max) unit++;
  const [done, all] = [value, max]
    .map((bytes) => (bytes / 1024 ** (unit + 1)).toFixed(2));
  return `${done}/${all} ${UNITS[unit]}`;
}

/** `mm:ss` of a time in ms. */
function formatTime(time: number): string {
  return [time / 60_000, time / 1000 % 60]
    .map((part) => String(Math.trunc(part)).padStart(2, "0")).join(":");
}

/** A line that shows how far something is, until {@linkcode stop}. */
export class ProgressBar {
  /** The progress so far. */
  value: number;
  /** Where it ends. */
  max: number;
  readonly #options: ProgressBarOptions;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  readonly #timer: ReturnType<typeof setInterval>;
  readonly #start = Date.now();
  #previousTime = 0;
  #previousValue: number;

  /** Starts to draw. */
  constructor(options: ProgressBarOptions) {
    this.value = this.#previousValue = options.value ?? 0;
    this.max = options.max;
    this.#options = options;
    this.#writer = (options.writable ?? Deno.stderr.writable).getWriter();
    this.#timer = setInterval(() => this.#draw(), options.interval ?? 1000);
    this.#draw();
  }

  /** Draws for the last time. Must be called, or the program does not end. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    if (this.#options.clear) await this.#write(CLEAR_LINE);
    else await this.#draw("\n");
    if (this.#options.keepOpen ?? true) this.#writer.releaseLock();
    else await this.#writer.close().catch(() => {});
  }

  async #draw(end = ""): Promise<void> {
    const { barLength = 50, fillChar = "#", emptyChar = "-" } = this.#options;
    const { formatter = defaultFormatter } = this.#options;
    const { value, max } = this;
    const time = Date.now() - this.#start;
    const filled = Math.trunc(
      Math.min(Math.max(value / max, 0), 1) * barLength,
    );
    const line = formatter({
      styledTime: formatTime(time),
      styledData: formatData(value, max),
      progressBar: fillChar.repeat(filled) +
        emptyChar.repeat(barLength - filled),
      time,
      previousTime: this.#previousTime,
      value,
      previousValue: this.#previousValue,
      max,
    });
    this.#previousTime = time;
    this.#previousValue = value;
    await this.#write(CLEAR_LINE + line + end);
  }

  /** A reader that went away must not end the program whose progress it showed. */
  async #write(text: string): Promise<void> {
    await this.#writer.write(new TextEncoder().encode(text)).catch(() => {});
  }
}

function defaultFormatter(bar: ProgressBarFormatter): string {
  return `[${bar.styledTime}] [${bar.progressBar}] [${bar.styledData}]`;
}
