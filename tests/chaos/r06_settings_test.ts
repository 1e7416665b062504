import { assert, assertEquals } from "@std/assert";
import { DatabaseSync } from "node:sqlite";
import { chooseStore } from "../../src/daemon/open_store.ts";
import { TestChat } from "../support/fixtures.ts";
import { type Deed, type Kept, runComebacks, type World } from "./comebacks.ts";
import { report, SEED, setting } from "./setting.ts";

/** The number of comebacks to each store, and the number of stories told at once. */
const COMEBACKS = setting(60, 2_000);
const AT_ONCE = setting(15, 20);

/** A server, with settings as they are in the story; what it logs is kept. */
abstract class OneServer implements World {
  abstract readonly durable: boolean;
  readonly isFar = false;
  readonly running: World["running"] = {};
  readonly stopped: World["stopped"] = {};
  #server: TestChat | undefined;

  get url(): string {
    return this.#server!.url;
  }

  async start(kept: Kept): Promise<void> {
    const store = await chooseStore(this.store);
    this.#server = new TestChat({ rate: 0, presenceLimit: 0, ...kept, store });
  }

  async stop(): Promise<void> {
    await this.#server?.[Symbol.asyncDispose]();
    this.#server = undefined;
  }

  protected abstract readonly store: string;

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}

class InMemory extends OneServer {
  readonly durable = false;
  protected readonly store = "memory";
}

class InSqlite extends OneServer {
  readonly durable = true;
  readonly #folder = Deno.makeTempDirSync();
  #place = `${this.#folder}/data`;
  #copies = 0;
  #moved = 0;

  protected get store(): string {
    return `sqlite:${this.#path}`;
  }

  get #path(): string {
    return `${this.#place}/chat.db`;
  }

  async copy(): Promise<void> {
    // It may be gone: opening it would make another one.
    await Deno.stat(this.#path);
    using db = new DatabaseSync(this.#path, { readOnly: true });
    db.prepare("VACUUM INTO ?").run(this.#copyOf(++this.#copies));
  }

  override readonly running: World["running"] = {
    "copy it": keeps(() => this.copy()),
    "remove it": keeps(() => Deno.remove(this.#path)),
    "remove its folder": keeps(() => Deno.remove(this.#place, { recursive: true })),
    "move its folder": keeps(() => Deno.rename(this.#place, this.#newFolder())),
    "write the first copy over it": loses(() => this.#writeOver(1)),
    "put the last copy in its place": loses(() => this.#replace(this.#copies)),
  };

  override readonly stopped: World["stopped"] = {
    "copy what was stopped": keeps(() => Deno.copyFile(this.#path, this.#copyOf(++this.#copies))),
    "write the first copy over it": loses(() => this.#writeOver(1)),
    "write the last copy over it": loses(() => this.#writeOver(this.#copies)),
    "put the first copy in its place": loses(() => this.#replace(1)),
    "empty it": loses(() => Deno.truncate(this.#path)),
    "remove it, and all beside it": loses(() => Deno.remove(this.#place, { recursive: true })),
    "use a copy of its folder": loses(async () => {
      const folder = this.#newFolder();
      await Deno.mkdir(folder);
      for await (const { name } of Deno.readDir(this.#place)) {
        await Deno.copyFile(`${this.#place}/${name}`, `${folder}/${name}`);
      }
      this.#place = folder;
    }),
  };

  #copyOf(nth: number): string {
    return `${this.#folder}/copy${nth}.db`;
  }

  #newFolder(): string {
    return `${this.#folder}/folder${++this.#moved}`;
  }

  /** As `cp` does it: the file stays the same one. */
  async #writeOver(nth: number): Promise<void> {
    await Deno.copyFile(this.#copyOf(nth), this.#path);
  }

  /** As `mv` does it. */
  async #replace(nth: number): Promise<void> {
    await Deno.copyFile(this.#copyOf(nth), `${this.#path}.new`);
    await Deno.rename(`${this.#path}.new`, this.#path);
  }

  override async [Symbol.asyncDispose](): Promise<void> {
    await super[Symbol.asyncDispose]();
    await Deno.remove(this.#folder, { recursive: true });
  }
}

function keeps(act: () => Promise<void>): Deed {
  return { loses: false, act: () => act().catch(ignoreMissing) };
}

function loses(act: () => Promise<void>): Deed {
  return { loses: true, act: () => act().catch(ignoreMissing) };
}

/** A file may be gone already. */
function ignoreMissing(error: unknown): void {
  if (!(error instanceof Deno.errors.NotFound)) throw error;
}

for (const [name, Place] of [["memory", InMemory], ["SQLite", InSqlite]] as const) {
  Deno.test(`R6 whoever hears recovered: true has missed nothing, whatever was done to ${name} meanwhile`, async () => {
    const { findings, ...counts } = await runComebacks(
      () => Promise.resolve(new Place()),
      { comebacks: COMEBACKS, atOnce: AT_ONCE, seed: SEED },
    );
    report("R6", `cut off while ${name} or what it keeps was changed`, { ...counts });
    assertEquals([counts.lies, counts.needlessly, findings], [0, 0, []]);
    assert(counts.recovered > 0 && counts.told > 0);
  });
}
