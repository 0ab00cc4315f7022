"""Train: a first, provisional command; replaced below."""
import argparse, json, sys, time, torch
from pathlib import Path
from models.training import data, encoder, loop
from models.training.recipe import Recipe
p=argparse.ArgumentParser(); p.add_argument('--data',type=Path); p.add_argument('--work',type=Path); p.add_argument('--seed',type=int,default=1); p.add_argument('--limit',type=int); p.add_argument('--set',nargs='*',default=[])
a=p.parse_args()
kw={k:json.loads(v) for k,v in (s.split('=') for s in a.set)}
r=Recipe(seed=a.seed,**kw); a.work.mkdir(parents=True,exist_ok=True)
torch.manual_seed(r.seed); torch.set_num_threads(2)
base=encoder.find_base(); tok=encoder.load_tokenizer(base,r.max_tokens)
posts=data.read_posts(a.data/'sentiment/train.jsonl'); val=data.read_posts(a.data/'sentiment/val.jsonl')
train,late=data.split_latest(posts,r.hold_out_latest)
if a.limit: train=train[:a.limit]
ids=data.encode(tok,train); print('mean tokens',sum(map(len,ids))/len(ids))
model=encoder.build(base); t=time.time()
def told(s): print(f'{time.time()-t:.0f}s {s}',flush=True)
avg=loop.train(model,ids,[q.label for q in train],r,checkpoint=a.work/'run.pt',told=told)
def rec(name):
    for n,d in (('val',val),('late',late)):
        lg=loop.predict_logits(model,data.encode(tok,d)); y=torch.tensor([q.label for q in d]); z=lg.argmax(1)
        print(name,n,'recall',[round(float((z[y==c]==c).float().mean()),4) for c in range(3)],'macro',round(sum(float((z[y==c]==c).float().mean()) for c in range(3))/3,4),'acc',round(float((z==y).float().mean()),4),flush=True)
rec('last'); model.save_pretrained(a.work/'last'); model.load_state_dict(avg); rec('average'); model.save_pretrained(a.work/'average')
