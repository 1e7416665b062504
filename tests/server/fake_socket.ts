/**
 * A server-side WebSocket without a network: what is sent stays in a list, and how
 * much the peer has not taken is up to the test.
 *
 * @module
 */

/** Stands in for a socket that was just upgraded. */
export class FakeSocket extends EventTarget {
  readyState: number = WebSocket.CONNECTING;
  bufferedAmount = 0;
  readonly sent: string[] = [];
  /** The code and reason it was closed with. */
  closedWith: [number | undefined, string | undefined] | undefined;
  /** Called before each send; may throw. */
  beforeSend: (text: string) => void = () => {};

  /** As the type that the code under test takes. */
  get socket(): WebSocket {
    return this as unknown as WebSocket;
  }

  /** The frames that were sent, read as JSON. */
  get frames(): Record<string, unknown>[] {
    return this.sent.map((text) => JSON.parse(text));
  }

  send(text: string): void {
    if (this.readyState !== WebSocket.OPEN) return;
    this.beforeSend(text);
    this.sent.push(text);
  }

  close(code?: number, reason?: string): void {
    this.closedWith = [code, reason];
    this.readyState = WebSocket.CLOSING;
  }

  /** Opens, as the network does: the connection is there. */
  open(): void {
    this.readyState = WebSocket.OPEN;
    this.dispatchEvent(new Event("open"));
  }

  /** Hears what the peer says, as JSON unless it is text already. */
  hear(data: unknown): void {
    const text = typeof data === "string" || data instanceof Blob ? data : JSON.stringify(data);
    this.dispatchEvent(new MessageEvent("message", { data: text }));
  }

  /** The connection has ended. */
  end(code = 1000): void {
    this.readyState = WebSocket.CLOSED;
    this.dispatchEvent(new CloseEvent("close", { code }));
  }

  /** Takes all frames so far off the list. */
  take(): Record<string, unknown>[] {
    const { frames } = this;
    this.sent.length = 0;
    return frames;
  }
}
