import{createRequire as __cr}from'node:module';const require=__cr(import.meta.url);
var n=process.env.STATE_unfinished;if(n){let{cleanUp:i}=await import("./chunk-I6R6JZDW.js");await i(n,process.env)}
