/**
 * A network namespace of its own, joined to this machine by two cables, one of which
 * can be pulled: a partition as the kernel sees it. Needs root.
 *
 * @module
 */

const CUT = { here: "10.213.1.1", there: "10.213.1.2" };
const WHOLE = { here: "10.213.2.1", there: "10.213.2.2" };

async function ip(...args: string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command("ip", { args, stderr: "piped" }).output();
  if (!success) throw new Error(`ip ${args.join(" ")}: ${new TextDecoder().decode(stderr)}`);
}

/** Says whether this process may make namespaces. */
export async function mayMakeNamespaces(): Promise<boolean> {
  const name = `parley-may-${Deno.pid}`;
  try {
    await ip("netns", "add", name);
    await ip("netns", "del", name);
    return true;
  } catch {
    return false;
  }
}

/** A namespace in which every address leads back to itself, and nowhere else. */
export class Mirrored implements AsyncDisposable {
  readonly #name = `parley-mirror-${Deno.pid}`;

  /** Makes one. */
  static async make(): Promise<Mirrored> {
    const space = new Mirrored();
    await ip("netns", "add", space.#name);
    try {
      await ip("-n", space.#name, "link", "set", "lo", "up");
      await ip("-n", space.#name, "route", "add", "local", "0.0.0.0/0", "dev", "lo");
      await ip("-n", space.#name, "-6", "route", "add", "local", "::/0", "dev", "lo");
      return space;
    } catch (error) {
      await space[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** The command that runs another one in it. */
  get within(): string[] {
    return ["ip", "netns", "exec", this.#name];
  }

  /** Removes it. */
  [Symbol.asyncDispose](): Promise<void> {
    return ip("netns", "del", this.#name);
  }
}

/** A namespace with two links to this one. */
export class NetNamespace implements AsyncDisposable {
  /** The address in it behind the link that can be cut. */
  readonly cuttable: string = CUT.there;
  /** The address in it behind the link that stays. */
  readonly steady: string = WHOLE.there;
  readonly #name: string;

  private constructor(name: string) {
    this.#name = name;
  }

  /** Makes one. */
  static async make(): Promise<NetNamespace> {
    const space = new NetNamespace(`parley-${Deno.pid}`);
    await ip("netns", "add", space.#name);
    try {
      await ip("-n", space.#name, "link", "set", "lo", "up");
      for (const [i, { here, there }] of [CUT, WHOLE].entries()) {
        const [near, far] = [`parley${i}`, `far${i}`];
        await ip("link", "add", near, "type", "veth", "peer", "name", far, "netns", space.#name);
        await ip("addr", "add", `${here}/24`, "dev", near);
        await ip("-n", space.#name, "addr", "add", `${there}/24`, "dev", far);
        await ip("link", "set", near, "up");
        await ip("-n", space.#name, "link", "set", far, "up");
      }
      return space;
    } catch (error) {
      await space[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** The command that runs another one in it. */
  get within(): string[] {
    return ["ip", "netns", "exec", this.#name];
  }

  /** Pulls the cable. */
  cut(): Promise<void> {
    return ip("-n", this.#name, "link", "set", "far0", "down");
  }

  /** Plugs it in again. */
  heal(): Promise<void> {
    return ip("-n", this.#name, "link", "set", "far0", "up");
  }

  /** Removes the namespace and its links. */
  [Symbol.asyncDispose](): Promise<void> {
    return ip("netns", "del", this.#name);
  }
}
