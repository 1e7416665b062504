/**
 * Errors of the socket under a connection to NATS.
 *
 * @module
 */

import type { NatsConnection } from "@nats-io/transport-node";

/**
 * Catches all errors of a connection, so that none ends the program. The library removes all
 * listeners from a socket that it closes, even while an error of that socket is on its way.
 */
export function catchErrors(nc: NatsConnection): void {
  const { socket } = (nc as unknown as LibraryConnection).protocol.transport;
  // It may have ended by now.
  if (socket === undefined) return;
  const removeAll = socket.removeAllListeners.bind(socket);
  socket.removeAllListeners = () => removeAll().on("error", () => {});
}

/** The part of the library's connection that its types do not show. */
interface LibraryConnection {
  protocol: { transport: { socket: LibrarySocket | undefined } };
}

interface LibrarySocket {
  removeAllListeners(): LibrarySocket;
  on(event: "error", listener: () => void): LibrarySocket;
}
