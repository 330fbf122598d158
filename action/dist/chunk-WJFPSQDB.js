import{createRequire as __cr}from'node:module';const require=__cr(import.meta.url);
import{a,b}from"./chunk-UH5SJWO4.js";import"./chunk-XDMQXSU4.js";import"./chunk-QWAOXH2E.js";import"./chunk-S2FVYGTU.js";import"./chunk-O5MMX3YJ.js";import"./chunk-7WHHAE7S.js";import"./chunk-NL3YOKGM.js";import"./chunk-QS5P5M5J.js";import"./chunk-LVKEIE3P.js";export{a as lookUp,b as lookUpAs};
