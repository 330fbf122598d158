import{createRequire as __cr}from'node:module';const require=__cr(import.meta.url);
import{a,b}from"./chunk-PCXI7Q5M.js";import"./chunk-PX3HFKUY.js";import"./chunk-XDMQXSU4.js";import"./chunk-WEMWYMKQ.js";import"./chunk-FSDZZB67.js";import"./chunk-SNTL7FRG.js";import"./chunk-NL3YOKGM.js";import"./chunk-QS5P5M5J.js";import"./chunk-LVKEIE3P.js";export{a as lookUp,b as lookUpAs};
