/** Every exception as problem details (RFC 9457). */

import type { ServerResponse } from "node:http";
import {
  type ArgumentsHost,
  Catch,
  type ExceptionFilter,
  Inject,
  NotFoundException,
} from "@nestjs/common";
import { ErrorHandler } from "../../../dist/api/middleware/error-handler.js";
import { PathNotFoundError } from "../../../dist/utils/errors.js";
import { type HttpRequest, send } from "./http.js";

@Catch()
export class ProblemFilter implements ExceptionFilter {
  constructor(@Inject(ErrorHandler) private readonly errors: ErrorHandler) {}

  catch(thrown: unknown, host: ArgumentsHost): void {
    const response = host.switchToHttp().getResponse<ServerResponse>();
    // The client has disconnected, or the parser has refused the rest of its request.
    if (response.destroyed || response.headersSent) return;
    const { call } = host.switchToHttp().getRequest<HttpRequest>();
    // Nest's own, if no route matched.
    const error = thrown instanceof NotFoundException ? new PathNotFoundError() : thrown;
    send(response, this.errors.answer(call, error));
  }
}
