# The server with its default model: docker build -t rivulet . && docker run -p 127.0.0.1:8787:8787 -v rivulet:/data rivulet
FROM node:24-bookworm-slim AS build
WORKDIR /source
COPY . .
RUN npm ci --no-audit --no-fund \
 && npm pack --pack-destination /packages \
 && npm pack ./models/rivulet-150m ./models/rivulet-forecast --pack-destination /packages

FROM node:24-bookworm-slim
ENV NODE_ENV=production
WORKDIR /app
COPY --from=build /packages /packages
RUN npm install --no-audit --no-fund /packages/*.tgz \
 && rm -rf /packages /root/.npm \
 && mkdir /data && chown node:node /data
USER node
# Conversations, and the key that names them: a backup is this folder.
VOLUME /data
EXPOSE 8787
HEALTHCHECK --start-period=60s CMD ["node", "-e", "fetch('http://127.0.0.1:8787/healthz').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["node", "node_modules/rivulet/bin/rivulet.js", "start", "--host", "0.0.0.0", "--persist-to", "/data"]
