# The node as an image: built here, run on distroless as nobody in particular.
#
#   docker build -t usher .
#   docker run --rm -p 127.0.0.1:8080:8080 usher demo --listen 0.0.0.0:8080

FROM rust:1.95-bookworm AS build
WORKDIR /src
COPY Cargo.toml Cargo.lock ./
COPY actors actors
COPY config config
COPY crates crates
COPY loadtests loadtests
COPY src src
RUN cargo build --release --locked --bin usher

# glibc and certificates, no shell
FROM gcr.io/distroless/cc-debian12:nonroot
COPY --from=build /src/target/release/usher /usr/local/bin/usher
# everywhere: a container is reached through its network; the ports decide who comes
ENV USHER_HTTP__LISTEN=0.0.0.0:8080 \
    USHER_OPS__LISTEN=0.0.0.0:9464
EXPOSE 8080 9464
USER 65532:65532
ENTRYPOINT ["/usr/local/bin/usher"]
CMD ["serve"]
