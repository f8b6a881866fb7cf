/** Reads the body of a request. */

import type { Contract, ContractDocument } from "../../contract.js";
import {
  BodyTooLargeError,
  MalformedJsonError,
  UnsupportedMediaTypeError,
} from "../../utils/errors.js";
import { JsonError, parseJson } from "../../utils/json-text.js";
import type { Call } from "../call.js";

const JSON_TYPE = /^application\/json[ \t]*(?:;[ \t]*charset=(?:utf-8|"utf-8")[ \t]*)?$/i;

/** Checks the size, media type and syntax of a body. */
export class Bodies {
  private readonly limits: ContractDocument["x-limits"];

  constructor(contract: Contract) {
    this.limits = contract.get("x-limits");
  }

  /**
   * Reads the body if the operation takes one.
   *
   * Throws a BodyTooLargeError, an UnsupportedMediaTypeError or a MalformedJsonError.
   */
  readonly check = async (call: Call): Promise<void> => {
    if (call.operation?.body === undefined) return;
    call.data = await read(call, this.limits.body_bytes);
    if (call.data.length > 0) {
      checkMediaType(call);
      call.body = parse(call.data, this.limits) as never;
    }
  };
}

function read({ request }: Call, limit: number): Promise<Buffer> {
  if (Number(request.headers["content-length"] ?? 0) > limit) throw new BodyTooLargeError();
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    request.on("data", (chunk: Buffer) => {
      size += chunk.length;
      // The rest is read too, so that the client can read the response.
      if (size <= limit) chunks.push(chunk);
      else reject(new BodyTooLargeError());
    });
    request.once("end", () => resolve(Buffer.concat(chunks)));
    request.once("error", reject);
  });
}

function checkMediaType(call: Call): void {
  const codings = call.fieldValues("content-encoding");
  if (codings.some((coding) => coding.toLowerCase() !== "identity")) {
    throw new UnsupportedMediaTypeError();
  }
  if (!JSON_TYPE.test(call.fieldValue("content-type") ?? "")) throw new UnsupportedMediaTypeError();
}

function parse(data: Buffer, limits: ContractDocument["x-limits"]): unknown {
  try {
    return parseJson(data, limits.json_depth, limits.json_values);
  } catch (error) {
    if (error instanceof JsonError) throw new MalformedJsonError({ cause: error });
    throw error;
  }
}
