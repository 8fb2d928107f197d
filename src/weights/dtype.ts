export * from "../core/dtype.ts";
