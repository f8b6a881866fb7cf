/** The checks that a request must pass before the handler of its operation. */

import { type CanActivate, type ExecutionContext, Inject, Injectable } from "@nestjs/common";
import { Reflector } from "@nestjs/core";
import type { Check } from "../../../dist/api/checks.js";
import { enter } from "../../../dist/api/middleware/routing.js";
import type { Operation } from "../../../dist/operations.js";
import type { HttpRequest } from "./http.js";

export const CHECKS = Symbol("checks");

/** Marks the operation of the contract that a method of a controller handles. */
export const ForOperation = Reflector.createDecorator<Operation>();

/** Runs the checks after routing, in order. */
@Injectable()
export class ChecksGuard implements CanActivate {
  constructor(
    @Inject(CHECKS) private readonly checks: Check[],
    @Inject(Reflector) private readonly reflector: Reflector,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const operation = this.reflector.get(ForOperation, context.getHandler());
    if (operation === undefined) return true;
    const { call, params } = context.switchToHttp().getRequest<HttpRequest>();
    enter(call, operation, params);
    for (const check of this.checks) await check(call);
    return true;
  }
}
