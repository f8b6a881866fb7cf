/** What is the fault of the database, and no fault of a request or of the program. */

import { codeOf, driverKind, NoAnswerError, sqlState } from "./db.js";

/**
 * Why the database could not be used.
 *
 * cause: `refused` by it, with the SQLSTATE; else the connection was `lost` or could not be made,
 * it was `silent`, or all connections were `busy`; a replica is also `behind` or `no_replica`.
 * exception: the class of the driver's error, if there was one.
 */
export interface Outage {
  cause: "refused" | "lost" | "silent" | "busy" | "behind" | "no_replica";
  sqlstate: string | null;
  exception: string | null;
}

const LOST_CODES = ["P1001", "P1011", "P1017"];
const SILENT_CODES = ["P1002", "P1008"];
const BUSY_CODES = ["P2024", "P2028", "P2037"];
const LOST_KINDS = ["DatabaseNotReachable", "ConnectionClosed", "TlsConnectionError"];
const LOST_ERRNOS = /^(?:E(?:CONN|HOST|NET|PIPE|PROTO|TIMEDOUT|NOTFOUND)|EAI_)/;
// What OpenSSL says of a certificate, and Node of a handshake.
const DISTRUST = /^(?:CERT_|CRL_|DEPTH_ZERO_|ERR_(?:SSL|TLS)_|HOSTNAME_|INVALID_|SELF_|UNABLE_TO_)/;
// The driver gives these no code of their own.
const BUSY_MESSAGES = /^timeout exceeded when trying to connect/;
const SILENT_MESSAGES =
  /^(?:Connection terminated due to connection timeout|timeout expired|Query read timeout)/;
const LOST_MESSAGES =
  /^(?:Connection terminated|Client (?:has encountered|was closed)|The server does not support SSL)/;

/**
 * Gives why the database could not be used, or nothing for an error of another kind.
 *
 * states: how the SQLSTATEs begin that tell of it.
 */
export function outageOf(error: unknown, states: readonly string[]): Outage | undefined {
  if (!(error instanceof Error)) return undefined;
  const state = sqlState(error);
  const exception = error.name === "Error" ? error.constructor.name : error.name;
  if (state !== "") {
    const isOutage = states.some((each) => state.startsWith(each));
    return isOutage ? { cause: "refused", sqlstate: state, exception } : undefined;
  }
  const cause = causeOf(error);
  return cause && { cause, sqlstate: null, exception };
}

function causeOf(error: Error): Outage["cause"] | undefined {
  const { message } = error;
  const code = codeOf(error);
  const kind = driverKind(error);
  if (BUSY_CODES.includes(code) || BUSY_MESSAGES.test(message)) return "busy";
  if (SILENT_CODES.includes(code) || kind === "SocketTimeout") return "silent";
  if (error instanceof NoAnswerError || SILENT_MESSAGES.test(message)) return "silent";
  if (LOST_CODES.includes(code) || LOST_KINDS.includes(kind)) return "lost";
  const isLost = LOST_ERRNOS.test(code) || DISTRUST.test(code) || LOST_MESSAGES.test(message);
  return isLost ? "lost" : undefined;
}
