# syntax=docker/dockerfile:1
# Convene in two stages: compilers and sources stay in the first.

FROM node:24-bookworm-slim AS build
SHELL ["/bin/bash", "-o", "pipefail", "-c"]
# hadolint ignore=DL3008
RUN apt-get update \
 && apt-get install -y --no-install-recommends python3 make g++ \
 && rm -rf /var/lib/apt/lists/*
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --no-audit --no-fund
COPY tsconfig.json tsconfig.build.json ./
COPY src src
COPY protocols protocols
COPY storage storage
RUN npx tsc -p tsconfig.build.json --noCheck \
 && npm prune --omit=dev --no-audit --no-fund

FROM node:24-bookworm-slim
LABEL org.opencontainers.image.title="Convene" \
      org.opencontainers.image.description="Calendars, contacts and mail over CalDAV, CardDAV, IMAP, POP3 and SMTP" \
      org.opencontainers.image.licenses="Apache-2.0"
ENV NODE_ENV=production \
    CONVENE_DATA=/data \
    CONVENE_HOST=0.0.0.0
WORKDIR /app
COPY --from=build /app/package.json ./
COPY --from=build /app/node_modules node_modules
COPY --from=build /app/dist dist
COPY --from=build /app/storage/migrations storage/migrations
COPY bin/convene.js bin/prepare.js bin/
# `docker exec … convene user add …` works as it does on a host.
RUN ln -s /app/bin/convene.js /usr/local/bin/convene \
 && install -d -o node -g node -m 0700 /data /backups
USER node
VOLUME ["/data", "/backups"]
# HTTPS, IMAP and POP3 over TLS, submission over TLS and with STARTTLS, inbound SMTP. HTTP without TLS stays inside, for health.
EXPOSE 8443 1993 1995 1465 1587 1025
STOPSIGNAL SIGTERM
# Live, not ready: a full disk is no reason to start anew.
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s --retries=3 \
  CMD ["node", "-e", "fetch('http://127.0.0.1:' + (process.env.CONVENE_HTTP_PORT || 8080) + '/health/live').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
CMD ["node", "bin/convene.js", "serve"]
