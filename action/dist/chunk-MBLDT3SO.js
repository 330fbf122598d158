import{createRequire as __cr}from'node:module';const require=__cr(import.meta.url);
import{a,b}from"./chunk-UMVCEKJS.js";import"./chunk-XDMQXSU4.js";import"./chunk-SPTYYAH4.js";import"./chunk-ZD3SCK66.js";import"./chunk-ZWVV7TD6.js";import"./chunk-YKZSXGVI.js";import"./chunk-NL3YOKGM.js";import"./chunk-QS5P5M5J.js";import"./chunk-LVKEIE3P.js";export{a as lookUp,b as lookUpAs};
