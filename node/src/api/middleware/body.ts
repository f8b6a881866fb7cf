/** Reads the body of a request. */

import type { IncomingMessage } from "node:http";
import type { RequestHandler } from "express";
import type { Contract } from "../../contract.js";
import type { Operation } from "../../operations.js";
import {
  BodyTooLargeError,
  MalformedJsonError,
  UnsupportedMediaTypeError,
} from "../../utils/errors.js";
import { JsonError, parseJson } from "../../utils/json-text.js";
import { type Call, current } from "../call.js";

const JSON_TYPE = /^application\/json[ \t]*(?:;[ \t]*charset=(?:utf-8|"utf-8")[ \t]*)?$/i;

/**
 * Reads the body where the operation takes one.
 *
 * Throws a BodyTooLargeError, an UnsupportedMediaTypeError or a MalformedJsonError.
 */
export function body(contract: Contract, operation: Operation): RequestHandler {
  const bounds = contract.get("x-limits");
  return async (request, response, next) => {
    const call = current(response);
    if (operation.body !== undefined) {
      call.data = await read(request, bounds.body_bytes);
      if (call.data.length > 0) {
        checkMediaType(call);
        call.body = parse(call.data, bounds.json_depth) as never;
      }
    }
    next();
  };
}

function read(request: IncomingMessage, limit: number): Promise<Buffer> {
  if (Number(request.headers["content-length"] ?? 0) > limit) throw new BodyTooLargeError();
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    request.on("data", (chunk: Buffer) => {
      size += chunk.length;
      // What comes after the limit is read on, so that the answer can be.
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

function parse(data: Buffer, depth: number): unknown {
  try {
    return parseJson(data, depth);
  } catch (error) {
    if (error instanceof JsonError) throw new MalformedJsonError({ cause: error });
    throw error;
  }
}
