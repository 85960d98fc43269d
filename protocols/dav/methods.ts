/**
 * Which methods each kind of resource answers: Allow, supported-method-set, and 405 for the others.
 * RFC 9110 §10.2.1 and §15.5.6, RFC 3253 §3.1.3.
 */
import type { Resource } from './contract.ts';
import { DavError } from './dav-error.ts';

/** Methods a resource answers, for Allow and supported-method-set. */
export function methodsOf(resource: Resource): readonly string[] {
  const read = ['OPTIONS', 'GET', 'HEAD', 'PROPFIND', 'REPORT'];
  switch (resource.kind) {
    case 'root':
    case 'principals':
    case 'homes':
      return read;
    case 'principal':
    case 'proxy':
    case 'home':
      return [...read, 'PROPPATCH'];
    case 'collection':
      return [...read, 'PROPPATCH', 'DELETE', 'COPY', 'MOVE', 'ACL'];
    case 'member':
      return [...read, 'PROPPATCH', 'PUT', 'DELETE', 'COPY', 'MOVE'];
  }
}

/** The value of Allow. */
export function allowOf(resource: Resource): string {
  return methodsOf(resource).join(', ');
}

/** 405 with Allow. */
export function notAllowed(resource: Resource): DavError {
  return new DavError(405, 'This method is not for this resource.', undefined, { allow: allowOf(resource) });
}
