import{createRequire as __cr}from'node:module';const require=__cr(import.meta.url);
import{e as i}from"./chunk-ABWGYUDO.js";import{a as r,e as o}from"./chunk-S2FVYGTU.js";function c(t){return{format:r,create:e=>t.createProjectKey(o(e)),list:()=>t.listProjectKeys(),get:e=>t.getProjectKey(e),delete:e=>t.deleteProjectKey(e),adopt:(e,d,l)=>i({...e,streamkap:t},d,l)}}export{c as a};
