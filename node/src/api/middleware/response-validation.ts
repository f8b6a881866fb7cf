/** Validates responses against the contract, if the settings enable it. */

import { parseJson } from "../../utils/json-text.js";
import type { Answer } from "../answers.js";
import type { Call } from "../call.js";

const INTERNAL_ERROR = 500;
const DEPTH = 64;

/** The response is not documented in the contract. */
export class UndocumentedAnswerError extends Error {
  override readonly name = "UndocumentedAnswerError";
}

/** Validates a response against the contract. Throws an UndocumentedAnswerError. */
export function finish({ operation }: Call, answer: Answer): Answer {
  if (operation === undefined || answer.status === INTERNAL_ERROR) return answer;
  const documented = operation.responses.get(answer.status);
  if (documented === undefined) {
    throw new UndocumentedAnswerError(`${operation.id}: status ${answer.status}`);
  }
  if (documented.validators.size === 0) return answer;
  const mediaType = answer.headers["Content-Type"]?.split(";")[0] ?? "";
  if (!documented.validators.has(mediaType)) {
    throw new UndocumentedAnswerError(`${operation.id}: media type ${mediaType}`);
  }
  const validator = documented.validators.get(mediaType);
  if (validator === undefined) return answer;
  const violations = validator.violations(readBody(mediaType, answer.body));
  if (violations.length > 0) {
    const found = violations.map(({ pointer, rule }) => `${pointer} ${rule}`.trim()).join(", ");
    throw new UndocumentedAnswerError(`${operation.id} ${answer.status}: ${found}`);
  }
  return answer;
}

function readBody(mediaType: string, body: Buffer | undefined): unknown {
  const data = body ?? Buffer.alloc(0);
  return /[/+]json$/.test(mediaType) ? parseJson(data, DEPTH) : data.toString();
}
