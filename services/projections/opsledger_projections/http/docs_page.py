"""The page that shows the OpenAPI document: one file, no library, nothing from the network."""

import hashlib
from base64 import b64encode
from typing import Final

_STYLE: Final = """
body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}
h1{font-size:1.5rem}h2{font-size:1.1rem;margin:2rem 0 .5rem;border-bottom:1px solid #d0d7de}
details{border:1px solid #d0d7de;border-radius:6px;margin:.4rem 0;padding:.4rem .8rem}
summary{cursor:pointer}code,pre{font:13px/1.45 ui-monospace,monospace}
pre{background:#f6f8fa;padding:.6rem;overflow:auto;border-radius:6px}
b.method{display:inline-block;min-width:3.2rem}table{border-collapse:collapse;width:100%}
td{border-top:1px solid #eaeef2;padding:.25rem .5rem;vertical-align:top}
"""

_SCRIPT: Final = """
const make=(tag,text,...children)=>{const node=document.createElement(tag);
 if(text)node.textContent=text;node.append(...children);return node};
const words=text=>text.split('`').map((part,place)=>place%2?make('code',part):part);
const shown=value=>typeof value==='string'?value:JSON.stringify(value,null,2);
const contents=(holder,content)=>{for(const [media,body] of Object.entries(content||{})){
 holder.append(make('p',media));
 const examples=body.examples?Object.entries(body.examples).map(([n,e])=>[n,e.value])
  :body.example!==undefined?[['',body.example]]:[];
 for(const [name,value] of examples){if(name)holder.append(make('code',name));
  holder.append(make('pre',shown(value)))}}};
const operation=(path,method,op)=>{const holder=make('details');
 const head=make('summary');const verb=make('b',method.toUpperCase()+' ');verb.className='method';
 head.append(verb,make('code',path),make('span',' — '+(op.summary||'')));holder.append(head);
 if(op.description)holder.append(make('p','',...words(op.description)));
 if((op.parameters||[]).length){const table=make('table');
  for(const p of op.parameters)table.append(make('tr','',make('td','',make('code',p.name)),
   make('td',p.in+(p.required?', required':'')),make('td','',...words(p.description||''))));
  holder.append(table)}
 if(op.requestBody){holder.append(make('h3','Body'));contents(holder,op.requestBody.content)}
 for(const [status,answer] of Object.entries(op.responses||{})){const part=make('details');
  part.append(make('summary',status+' '+(answer.description||'')));contents(part,answer.content);
  holder.append(part)}
 return holder};
fetch('openapi.json').then(answer=>answer.json()).then(spec=>{
 document.title=spec.info.title;
 const page=document.body;page.append(make('h1',spec.info.title+' '+spec.info.version));
 page.append(make('p','',...words(spec.info.description||'')));
 const tags=new Map();
 for(const [path,item] of Object.entries(spec.paths))for(const [method,op] of Object.entries(item)){
  const tag=(op.tags||['other'])[0];if(!tags.has(tag))tags.set(tag,[]);
  tags.get(tag).push(operation(path,method,op))}
 for(const [tag,parts] of tags){page.append(make('h2',tag),...parts)}});
"""


def _hash(text: str) -> str:
    return f"'sha256-{b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


DOCS_POLICY: Final = (
    f"default-src 'none'; connect-src 'self'; script-src {_hash(_SCRIPT)}; "
    f"style-src {_hash(_STYLE)}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""The page runs exactly its own script and may ask only this service."""

DOCS_PAGE: Final = (
    '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
    '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
    f"<title>opsledger</title>\n<style>{_STYLE}</style>\n</head>\n"
    f"<body><script>{_SCRIPT}</script></body>\n</html>\n"
)
